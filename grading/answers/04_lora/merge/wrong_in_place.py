# hint: layer_changed
@torch.no_grad()
def merge(layer):
    layer.base.weight += layer.scaling * layer.B @ layer.A
    return layer.base
