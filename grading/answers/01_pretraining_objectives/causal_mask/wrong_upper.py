# hint: upper
def causal_mask(length):
    return torch.triu(torch.ones(length, length)).bool()
