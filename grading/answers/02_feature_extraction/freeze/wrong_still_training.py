# hint: training_mode
def freeze(model):
    for parameter in model.parameters():
        parameter.requires_grad = False
    return model
