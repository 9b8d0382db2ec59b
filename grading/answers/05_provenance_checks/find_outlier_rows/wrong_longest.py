# hint: longest_alone
def find_outlier_rows(table, limit):
    return [int(table.norm(dim=1).argmax())]
