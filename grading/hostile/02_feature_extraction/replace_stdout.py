# trick: replaces the standard streams by objects that answer to everything
# reported: tampering
import sys


class Anything:
    def __getattr__(self, name):
        return lambda *args, **options: self


sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = Anything()
