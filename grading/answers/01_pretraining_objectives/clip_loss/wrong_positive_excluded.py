# hint: positive_excluded
def clip_loss(image_embeds, text_embeds, temperature):
    images, texts = F.normalize(image_embeds, dim=-1), F.normalize(text_embeds, dim=-1)
    logits = images @ texts.T / temperature
    others = logits.masked_fill(torch.eye(len(logits)).bool(), float("-inf"))
    every = (others.logsumexp(dim=0) + others.logsumexp(dim=1)) / 2
    return (every - logits.diagonal()).mean()
