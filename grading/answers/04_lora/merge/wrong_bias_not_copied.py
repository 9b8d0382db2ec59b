# hint: bias_lost
@torch.no_grad()
def merge(layer):
    merged = nn.Linear(layer.base.in_features, layer.base.out_features, bias=layer.base.bias is not None)
    merged.weight.copy_(layer.base.weight + layer.scaling * layer.B @ layer.A)
    if layer.base.bias is not None:
        pass
    return merged
