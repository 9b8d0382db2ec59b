# hint: some_trainable
def freeze(model):
    for name, parameter in model.named_parameters():
        if name.endswith("weight"):
            parameter.requires_grad = False
    return model.eval()
