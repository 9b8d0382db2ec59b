# hint: summed
def nt_xent(first, second, temperature=0.5):
    views = F.normalize(torch.cat([first, second]), dim=-1)
    logits = views @ views.T / temperature
    logits = logits.masked_fill(torch.eye(len(views)).bool(), float("-inf"))
    partners = torch.arange(len(views)).roll(len(first))
    return F.cross_entropy(logits, partners, reduction="sum")
