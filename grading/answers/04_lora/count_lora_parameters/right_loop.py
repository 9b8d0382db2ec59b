def count_lora_parameters(model, r, targets):
    count = 0
    for name, module in model.named_modules():
        chosen = [target for target in targets if f".{name}".endswith(f".{target}")]
        if chosen and isinstance(module, nn.Linear):
            outputs, inputs = module.weight.shape
            count += r * inputs + outputs * r
    return count
