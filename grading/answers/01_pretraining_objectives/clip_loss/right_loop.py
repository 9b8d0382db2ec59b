def clip_loss(image_embeds, text_embeds, temperature):
    images, texts = F.normalize(image_embeds), F.normalize(text_embeds)
    total = 0.0
    for a, b in ((images, texts), (texts, images)):
        for i, vector in enumerate(a):
            scores = (b * vector).sum(dim=1) / temperature
            total = total - F.log_softmax(scores, dim=0)[i]
    return total / (2 * len(images))
