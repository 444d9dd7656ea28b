"""One process of a training run: `accelerate launch [...] -m train OPTIONS.json OUT`, see `train.devices.launch`."""

import sys

from .devices.launch import main

sys.exit(main(sys.argv[1:]))
