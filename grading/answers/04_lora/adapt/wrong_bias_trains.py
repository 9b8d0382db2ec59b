# hint: base_trains
def adapt(model, r, targets):
    config = LoraConfig(task_type="SEQ_CLS", r=r, lora_alpha=2 * r, target_modules=targets, bias="all")
    return get_peft_model(model, config)
