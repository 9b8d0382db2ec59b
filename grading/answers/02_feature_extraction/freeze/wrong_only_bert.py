# hint: raised
def freeze(model):
    for parameter in model.encoder.parameters():
        parameter.requires_grad = False
    for parameter in model.embeddings.parameters():
        parameter.requires_grad = False
    for parameter in model.pooler.parameters():
        parameter.requires_grad = False
    return model.eval()
