# hint: shape
def causal_mask(length):
    return torch.ones(length, dtype=torch.bool)
