# hint: returned
def freeze(model):
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.eval()
