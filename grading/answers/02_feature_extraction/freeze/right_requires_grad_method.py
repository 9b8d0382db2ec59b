def freeze(model):
    model.requires_grad_(False)
    model.eval()
    return model
