# hint: base_gets_gradients
def training_memory(parameters, method, trained=0):
    if method == "full fp32":
        return {"weights": 4 * parameters, "gradients": 4 * parameters, "optimizer": 8 * parameters}
    if method == "full mixed":
        return {"weights": 2 * parameters, "gradients": 2 * parameters, "optimizer": 12 * parameters}
    base = 2 if method == "lora" else 0.5
    weights = base * parameters + 4 * trained
    return {"weights": weights, "gradients": 2 * parameters + 4 * trained, "optimizer": 8 * trained}
