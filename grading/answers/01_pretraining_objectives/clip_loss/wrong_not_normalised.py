# hint: not_normalised
def clip_loss(image_embeds, text_embeds, temperature):
    images, texts = image_embeds, text_embeds
    logits = images @ texts.T / temperature
    own = torch.arange(len(logits))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
