# hint: gradient
def nt_xent(first, second, temperature=0.5):
    """Stops the gradient at the partners, as BYOL does, but not as SimCLR does."""
    views = F.normalize(torch.cat([first, second]), dim=-1)
    logits = views @ views.detach().T / temperature
    logits = logits.masked_fill(torch.eye(len(views)).bool(), float("-inf"))
    partners = torch.arange(len(views)).roll(len(first))
    return F.cross_entropy(logits, partners)
