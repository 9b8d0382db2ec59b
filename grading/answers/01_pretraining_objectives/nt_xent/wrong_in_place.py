# hint: changed_in_place
def nt_xent(first, second, temperature=0.5):
    first /= first.norm(dim=1, keepdim=True)
    second /= second.norm(dim=1, keepdim=True)
    views = torch.cat([first, second])
    logits = (views @ views.T / temperature).masked_fill(
        torch.eye(len(views)).bool(), float("-inf")
    )
    return F.cross_entropy(logits, torch.arange(len(views)).roll(len(first)))
