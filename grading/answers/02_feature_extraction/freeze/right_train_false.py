def freeze(model):
    for _, parameter in model.named_parameters():
        parameter.requires_grad_(False)
    return model.train(False)
