# hint: value
def nt_xent(first, second, temperature=0.5):
    views = F.normalize(torch.cat([first, second]), dim=-1)
    apart = (views[:, None] - views[None]).abs().sum(dim=-1)
    logits = (-apart / temperature).masked_fill(torch.eye(len(views)).bool(), float("-inf"))
    return F.cross_entropy(logits, torch.arange(len(views)).roll(len(first)))
