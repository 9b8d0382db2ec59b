# hint: weights_changed
def freeze(model):
    for parameter in model.parameters():
        parameter.data = torch.zeros_like(parameter)
        parameter.requires_grad = False
    return model.eval()
