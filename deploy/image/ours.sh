# ours.sh SERVICE PLACE OURS: what is ours, as it will lie over PLACE, where the libraries are. Run in /build, where
# `dist` holds our wheel; OURS/bin and OURS/strategies are filled already.
set -eu
export PIP_NO_INDEX=1 PIP_QUIET=1 PIP_NO_COMPILE=1
python -m pip --python "$2/bin/python" install --no-deps --prefix "$3" dist/*.whl

# whatever umask the checkout was made under, a service is somebody else than its files' owner
chmod -R a+rX,go-w "$3"

# all files of one age, so that machine code made from them here fits the same files of every later build
find "$3" -exec touch --no-dereference --date=2020-01-01T00:00Z {} +
"$2/bin/python" -m compileall -q --invalidation-mode unchecked-hash "$3/lib"
cp -a "$3/." "$2/"
PYTHONSAFEPATH=1 "$2/bin/python" -c 'import services.'"$1"

# Machine code of the library and of the shipped strategies, for the service that keeps some. For any processor of this
# kind: who builds an image does not know where it will run. Made in the folder in which it will be used, for modules
# are known by their place, and so are ours: not those in this folder.
if [ "$1" = runner ]; then
  python locked.py name:click > click.txt
  python -m pip install --require-hashes --find-links wheels --target click -r click.txt
  export PYTHONSAFEPATH=1 PYTHONPATH=/build/click PYTHONDONTWRITEBYTECODE=1
  export NUMBA_CPU_NAME=generic XDG_CACHE_HOME=/var/cache
  "$2/bin/python" -m services.cli warm "$2"/strategies/*.yaml 2>said.txt || { cat said.txt >&2; exit 1; }
  chmod -R a+rX /var/cache/paperfold
  mv /var/cache/paperfold "$3/machine-code"
fi
