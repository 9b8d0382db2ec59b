# hint: own_view_included
def nt_xent(first, second, temperature=0.5):
    views = F.normalize(torch.cat([first, second]), dim=-1)
    logits = views @ views.T / temperature
    partners = torch.arange(len(views)).roll(len(first))
    return F.cross_entropy(logits, partners)
