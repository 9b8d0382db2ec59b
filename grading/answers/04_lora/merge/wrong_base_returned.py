# hint: not_merged
def merge(layer):
    return layer.base
