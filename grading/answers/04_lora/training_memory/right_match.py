def training_memory(parameters, method, trained=0):
    match method:
        case "full fp32":
            weights, gradients, optimizer = 4 * parameters, 4 * parameters, 2 * 4 * parameters
        case "full mixed":
            weights, gradients, optimizer = 2 * parameters, 2 * parameters, 3 * 4 * parameters
        case "lora":
            weights, gradients, optimizer = 2 * parameters + 4 * trained, 4 * trained, 8 * trained
        case _:
            weights, gradients, optimizer = parameters // 2 + 4 * trained, 4 * trained, 8 * trained
    return {"optimizer": optimizer, "gradients": gradients, "weights": weights}
