# hint: square_layers
def count_lora_parameters(model, r, targets):
    count = 0
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and any(name == target or name.endswith("." + target) for target in targets):
            count += 2 * r * module.in_features
    return count
