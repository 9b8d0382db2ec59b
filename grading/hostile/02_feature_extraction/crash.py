# trick: crashes the interpreter
# reported: died
import ctypes

ctypes.string_at(0)
