def nt_xent(first, second, temperature=0.5):
    views = torch.cat([first, second])
    views = views / views.norm(dim=1, keepdim=True)
    scores = torch.exp(views @ views.T / temperature)
    others = scores.sum(dim=1) - scores.diagonal()
    n = len(first)
    partners = torch.cat([scores.diagonal(n), scores.diagonal(-n)])
    return -(partners / others).log().mean()
