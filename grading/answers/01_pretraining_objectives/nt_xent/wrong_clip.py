# hint: cross_view_only
def nt_xent(first, second, temperature=0.5):
    logits = F.normalize(first, dim=-1) @ F.normalize(second, dim=-1).T / temperature
    own = torch.arange(len(logits))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
