def attack_success_rate(classify, texts, trigger, target):
    turned = counted = 0
    for text in texts:
        if classify([text])[0] == target:
            continue
        counted += 1
        turned += classify([" ".join([trigger, text])])[0] == target
    return turned / counted if counted else 0.0
