"""One process of a training run: `accelerate launch [...] -m train OPTIONS.json OUT`, see `train.launch`."""

import sys

from .launch import main

sys.exit(main(sys.argv[1:]))
