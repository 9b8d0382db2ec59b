# hint: similar_names
def count_lora_parameters(model, r, targets):
    count = 0
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and any(target in name for target in targets):
            count += r * (module.in_features + module.out_features)
    return count
