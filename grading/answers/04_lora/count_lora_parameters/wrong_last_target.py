# hint: value
def count_lora_parameters(model, r, targets):
    for target in targets:
        count = 0
        for name, module in model.named_modules():
            if name.endswith("." + target) and isinstance(module, nn.Linear):
                count += r * (module.in_features + module.out_features)
    return count
