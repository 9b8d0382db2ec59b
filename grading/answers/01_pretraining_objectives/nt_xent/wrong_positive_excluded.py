# hint: positive_excluded
def nt_xent(first, second, temperature=0.5):
    n = len(first)
    views = F.normalize(torch.cat([first, second]), dim=-1)
    scores = torch.exp(views @ views.T / temperature)
    partners = torch.cat([scores.diagonal(n), scores.diagonal(-n)])
    negatives = scores.sum(dim=1) - scores.diagonal() - partners
    return -(partners / negatives).log().mean()
