# hint: nothing_found
def count_lora_parameters(model, r, targets):
    count = 0
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and any(name.split(".")[-1] == target for target in targets):
            count += r * (module.in_features + module.out_features)
    return count
