# hint: summed
def clip_loss(image_embeds, text_embeds, temperature):
    images, texts = F.normalize(image_embeds, dim=-1), F.normalize(text_embeds, dim=-1)
    logits = images @ texts.T / temperature
    own = torch.arange(len(logits))
    return (
        F.cross_entropy(logits, own, reduction="sum")
        + F.cross_entropy(logits.T, own, reduction="sum")
    ) / 2
