# hint: alpha
def adapt(model, r, targets):
    config = LoraConfig(task_type="SEQ_CLS", r=r, target_modules=targets)
    return get_peft_model(model, config)
