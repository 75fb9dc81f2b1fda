# libraries.sh SERVICE PLACE: an environment without pip, with what the service's extra names and nothing else, each
# wheel against the lock's hashes. Run in /build, where `wheels` is.
set -eu
export PIP_NO_INDEX=1 PIP_FIND_LINKS=wheels PIP_QUIET=1 PIP_NO_COMPILE=1
python locked.py "$1" > wanted.txt
python -m venv --without-pip "$2"
python -m pip --python "$2/bin/python" install --require-hashes -r wanted.txt

# without what no program of ours loads: 40 MB of a runner, 80 of a simulated exchange
cd "$2"/lib/python3.*/site-packages
rm -rf numba/tests numba/cuda/tests numpy/tests numpy/*/tests
rm -rf pyarrow/tests pyarrow/include pyarrow/src pyarrow/*flight* pyarrow/*s3* pyarrow/*.pxi
if [ -d plotly ]; then # it carries its script; its Python is imported nowhere
  find plotly -mindepth 1 -maxdepth 1 ! -name __init__.py ! -name package_data -exec rm -rf {} +
fi

for module in numba numpy pyarrow.csv pyarrow.parquet; do
  [ ! -d "${module%%.*}" ] || "$2/bin/python" -B -c "import $module"
done

find "$2" -exec touch --no-dereference --date=2020-01-01T00:00Z {} +
"$2/bin/python" -m compileall -q -j 0 --invalidation-mode unchecked-hash .
