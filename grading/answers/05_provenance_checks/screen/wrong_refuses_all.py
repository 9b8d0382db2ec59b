# hint: refuses_all
def screen(folder, order):
    return ["source"]
