"""The command line module of the older release lines."""

import sys

from datasurface.generator import main

if __name__ == "__main__":
    sys.exit(main())
