# hint: all_trainable
def freeze(model):
    model.requires_grad = False
    return model.eval()
