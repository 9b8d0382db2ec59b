# hint: sees_all
def causal_mask(length):
    return torch.ones(length, length, dtype=torch.bool)
