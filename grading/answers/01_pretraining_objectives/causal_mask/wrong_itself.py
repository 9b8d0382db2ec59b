# hint: sees_only_itself
def causal_mask(length):
    return torch.eye(length, dtype=torch.bool)
