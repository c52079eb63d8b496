"""`python -m chargepoint_sim`"""

import sys

from chargepoint_sim.cli import main

if __name__ == "__main__":
    sys.exit(main())
