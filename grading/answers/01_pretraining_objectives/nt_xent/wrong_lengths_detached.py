# hint: gradient
def nt_xent(first, second, temperature=0.5):
    views = torch.cat([first, second])
    views = views / views.detach().norm(dim=-1, keepdim=True)
    logits = views @ views.T / temperature
    logits = logits.masked_fill(torch.eye(len(views)).bool(), float("-inf"))
    partners = torch.arange(len(views)).roll(len(first))
    return F.cross_entropy(logits, partners)
