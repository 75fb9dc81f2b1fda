#!/bin/sh
# The service that this image was made for; arguments are its own.
#
# Machine code that was made with the image is put where the service keeps what it compiles, unless it is there. The
# folder's name says what it was made from: that of another release is left alone, and used by nobody here.
set -eu
made=/opt/paperfold/machine-code
kept=$XDG_CACHE_HOME/paperfold
if [ -d "$made" ] && [ -w "$kept" ]; then
  for folder in "$made"/*; do
    whole=$kept/${folder##*/}
    part=$kept/.part-$(hostname)
    [ -e "$whole" ] || {
      rm -rf "$part"
      # several may do this at once: who is second finds the place taken. A full disk costs time, nothing else
      cp -r --preserve=timestamps "$folder" "$part" && mv -T "$part" "$whole" || rm -rf "$part"
    } 2>/dev/null
  done
fi
exec python -m "services.$PAPERFOLD_SERVICE" "$@"
