# hint: whole_model
def count_lora_parameters(model, r, targets):
    count = sum(p.numel() for p in model.parameters())
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and any(name == target or name.endswith("." + target) for target in targets):
            count += r * (module.in_features + module.out_features)
    return count
