# hint: not_linear
def merge(layer):
    return layer.base.weight + layer.scaling * layer.B @ layer.A
