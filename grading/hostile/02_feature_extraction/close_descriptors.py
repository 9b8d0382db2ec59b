# trick: closes every file that its process has open
# reported: died|timeout|tampering
import os

os.closerange(0, 1024)
